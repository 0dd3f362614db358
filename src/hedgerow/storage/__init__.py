"""PostgreSQL: the truth. Pools, migrations, and one repository per table that several services share."""
