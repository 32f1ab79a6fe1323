"""What the wallet's pages show, read and never written."""
