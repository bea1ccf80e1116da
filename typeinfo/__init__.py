"""Type layouts of known kernels, shipped as the package ``dumpwalk.typeinfo``."""
