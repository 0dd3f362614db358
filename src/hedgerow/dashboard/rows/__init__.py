"""What the APIs tell as rows of tables. Pure: values in, text out."""
