"""What the names of a user's function mean while it runs on traced values: its own `np`, `math` and `scipy` answer for them."""

from wengert.namespaces.functions import standing as standing
