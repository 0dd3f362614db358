-- Orders come in groups: their requests are claimed first, and those that are another's are never written.
alter table abp_requests alter constraint abp_requests_order_id_fkey deferrable initially deferred;
