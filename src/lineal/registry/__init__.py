"""The registry: register, judge, deploy and roll back model versions."""
