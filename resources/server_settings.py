"""Settings of the embedded PostgreSQL for the machine that it runs on; its defaults suit machines of twenty years ago.

PostgreSQL's manual advises a quarter of the memory for its buffers on a machine of its own. This one shares it with
the runs that plan, so it gets an eighth, and counts on half of the memory for files that the system keeps.
"""

from collections.abc import Mapping

MIB = 2**20


def server_settings(memory_bytes: int) -> Mapping[str, str]:
    """PostgreSQL's settings by name, for a machine with so much memory."""
    memory = memory_bytes // MIB
    return {
        "shared_buffers": f"{_between(memory // 8, 128, 4_096)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        # For each sort and hash table; two runs at a time have a handful of them.
        "work_mem": f"{_between(memory // 256, 4, 64)}MB",
        "maintenance_work_mem": f"{_between(memory // 32, 64, 512)}MB",
        # A morning writes gigabytes; a checkpoint in between writes every page a second time.
        "max_wal_size": f"{_between(memory // 4, 1_024, 8_192)}MB",
        # Reading a page from a solid-state disk, or from memory, costs about the same wherever it is.
        "random_page_cost": "1.1",
    }


def _between(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))
