import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dicomfabd import telemetry
from dicomfabd.telemetry.journal import EVENTS, Journal
from dicomfabd.telemetry.logs import EventLog
from dicomfabd.telemetry.metrics import METRICS, Metrics
from dicomfabd.telemetry.sink import LocalSink, RelaySink, TallySink, replay

SOURCE = "".join(path.read_text() for path in Path(telemetry.__file__).parent.glob("*journal.py"))


def test_what_a_worker_says_is_said_by_the_main_process(sink):
    """The pipe changes nothing."""
    pipe = io.BytesIO()
    Journal(RelaySink(pipe, pytest.fail)).worker_started("worker-1", 7)

    for line in pipe.getvalue().splitlines():
        replay(line, sink)

    assert [("info", "worker.started", {"worker": "worker-1", "pid": 7})] == sink.events
    assert {("dicomfabd_workers",): 1} == sink.counts


def test_what_a_reader_counts_is_counted_by_the_main_process(sink):
    """In one line for many messages, and only once."""
    log = io.StringIO()
    tally = TallySink(EventLog(log, is_console=False))
    journal = Journal(tally)

    with journal.together():
        for _ in range(3):
            journal.message_repeated("M1", "ORM^O01", "peer", 0.5)
    replay(tally.take(), sink)

    assert b"" == tally.take()
    assert 3 == sink.counts[("dicomfabd_intake_duplicates_total",)]
    assert 3 == sink.counts[("dicomfabd_intake_ack_seconds",)]
    assert ["message.repeated"] * 3 == [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def test_every_event_that_is_said_is_listed_and_the_other_way_round():
    """The catalogue is what people grep for."""
    rooms = "daemon|intake|reader|message|order|patient|dicom|worklist|study|worker|archive|destination|pacs|web|mpps"
    said = set(re.findall(rf'"((?:{rooms})\.[a-z_]+)"', SOURCE))

    assert said == set(EVENTS)


def test_every_metric_that_is_counted_exists_and_the_other_way_round():
    """A misspelt metric must not wait for its event to be noticed."""
    names = ("build_info", "orders", "jobs", "destination_up", "search_behind", "log_lines_lost_total")
    set_elsewhere = {f"dicomfabd_{name}" for name in names}

    assert {metric.name for metric in METRICS} - set_elsewhere == set(re.findall(r'"(dicomfabd_[a-z_]+)"', SOURCE))


def test_metric_names_follow_the_rules():
    """Prometheus naming: counters end in _total, units are seconds or plain counts."""
    for metric in METRICS:
        assert metric.name.startswith("dicomfabd_")
        assert (metric.kind.__name__ == "Counter") == metric.name.endswith("_total")
        assert not metric.name.endswith(("_ms", "_mb"))


def test_two_daemons_in_one_process_do_not_share_metrics():
    """Registries are injected."""
    first, second = Metrics("1"), Metrics("1")
    LocalSink(first, EventLog(io.StringIO(), is_console=False)).add("dicomfabd_workers", 3)

    assert b"dicomfabd_workers 3.0" in first.render()[0]
    assert b"dicomfabd_workers 0.0" in second.render()[0]


def test_a_log_that_takes_no_more_stops_nobody_and_is_counted():
    """Its disk may be full while the store's is not; a reader's log counts with its other figures."""
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as full:
        metrics, main, reader = Metrics("1"), EventLog(full, is_console=False), EventLog(full, is_console=False)
        journal = Journal(LocalSink(metrics, main))
        journal.daemon_stopping()
        tally = TallySink(reader)
        with Journal(tally).together():
            Journal(tally).daemon_stopping()
            Journal(tally).daemon_stopping()
        replay(tally.take(), LocalSink(metrics, main))

        assert b"dicomfabd_log_lines_lost_total 3.0" in metrics.render()[0]


def test_a_console_that_takes_no_more_stops_nobody_either():
    """A process of its own, because it changes logging as a whole."""
    script = (
        "import sys; from dicomfabd.telemetry import logs; log = logs.configure('console')\n"
        "log.on_lost = lambda lines: print(lines, file=sys.stderr)\n"
        "log.log('info', 'daemon.stopping', {})"
    )
    with Path("/dev/full").open("w") as full:
        said = subprocess.run([sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True).stderr

    assert "1\n" == said.partition("Exception ignored")[0]


def test_relayed_lines_are_json():
    """One record a line."""
    pipe = io.BytesIO()
    Journal(RelaySink(pipe, pytest.fail)).daemon_stopping()

    assert ["log", "info", "daemon.stopping", {}] == json.loads(pipe.getvalue())
