"""Page tables: how the processor finds the physical page behind a virtual address."""
