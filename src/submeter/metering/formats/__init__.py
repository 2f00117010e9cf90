"""One small parser for each format of meter data: bytes in, items of `submeter.metering.model` out."""
