"""What the bench of AMQP is made of: the broker, the client of ours, and aio-pika, which publishes and is compared."""
