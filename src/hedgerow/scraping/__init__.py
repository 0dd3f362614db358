"""Scraping: a gateway that clients call, and agents anywhere that dial out to it and reach the targets."""
