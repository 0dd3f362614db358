"""The operator's side of a deployment: what is changed by whoever runs it, from the command line or over HTTP."""
