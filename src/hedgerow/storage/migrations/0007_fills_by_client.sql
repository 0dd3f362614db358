-- Profit and loss reads a client's fills, often of some days only.
create index mm_fills_by_client on mm_fills (client, traded_at);
