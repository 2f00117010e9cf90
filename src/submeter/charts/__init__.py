"""Pictures of meter data: values in, SVG or text out. For pages, documents and the command line alike."""
