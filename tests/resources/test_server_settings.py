"""Settings of the embedded server follow from the machine's memory, within what is sensible on any."""

from resources.server_settings import server_settings

GIB = 2**30


def test_a_machine_of_24_gib_gives_the_server_an_eighth_and_counts_on_half_for_files() -> None:
    settings = server_settings(24 * GIB)
    assert settings["shared_buffers"] == "3072MB"
    assert settings["effective_cache_size"] == "12288MB"
    assert settings["work_mem"] == "64MB"
    assert settings["max_wal_size"] == "6144MB"


def test_a_machine_of_one_gib_gets_postgresqls_own_defaults_and_a_large_one_not_all_it_could() -> None:
    small, large = server_settings(GIB), server_settings(512 * GIB)
    assert (small["shared_buffers"], small["work_mem"], small["max_wal_size"]) == ("128MB", "4MB", "1024MB")
    assert (large["shared_buffers"], large["work_mem"], large["max_wal_size"]) == ("4096MB", "64MB", "8192MB")
