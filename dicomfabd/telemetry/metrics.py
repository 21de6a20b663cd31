"""Every metric, its unit and its label values, in one injected registry."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SLOW: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of ours; labels come from configuration or from the closed sets in its comment."""

    kind: type[Counter] | type[Gauge] | type[Histogram]
    name: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS: Final = (
    Metric(Gauge, "dicomfabd_build_info", "Always 1; the version is the label.", ("version",)),
    Metric(Gauge, "dicomfabd_intake_connections", "MLLP connections open now."),
    # reason: address | limit | junk | http | tls | handshake | frame | idle
    Metric(Counter, "dicomfabd_intake_connections_closed_total", "MLLP connections we closed.", ("reason",)),
    # type: ORM | OMI | OMG | ADT | SIU | other; code: AA | AE | AR
    Metric(Counter, "dicomfabd_intake_messages_total", "Messages answered.", ("type", "code")),
    Metric(Counter, "dicomfabd_intake_duplicates_total", "Resent messages answered from the record."),
    # reason: truncated | empty | junk
    Metric(Counter, "dicomfabd_intake_frames_discarded_total", "Frames dropped without an answer.", ("reason",)),
    Metric(Histogram, "dicomfabd_intake_ack_seconds", "Last byte of a message to its answer.", (), _FAST),
    Metric(Histogram, "dicomfabd_store_commit_seconds", "One durable commit, fsync included.", (), _FAST),
    Metric(Histogram, "dicomfabd_store_commit_batch", "Changes in one durable commit.", (), _BATCH),
    # action: the actions of domain.order
    Metric(Counter, "dicomfabd_order_changes_total", "What messages did to orders.", ("action",)),
    # action: created | changed | unchanged | merged
    Metric(Counter, "dicomfabd_patient_changes_total", "What messages did to patients.", ("action",)),
    Metric(Counter, "dicomfabd_intake_readers_died_total", "Processes reading HL7 that ended without being asked to."),
    # state: the order states of domain.order
    Metric(Gauge, "dicomfabd_orders", "Orders by state.", ("state",)),
    # destination: configured names; state: queued | held | leased | done | failed | cancelled
    Metric(Gauge, "dicomfabd_jobs", "Deliveries (order x destination) by state.", ("destination", "state")),
    Metric(Gauge, "dicomfabd_search_behind", "Changes that lists and counts cannot find yet."),
    # listener: worklist | archive
    Metric(Gauge, "dicomfabd_dicom_associations", "DICOM associations open now.", ("listener",)),
    # listener: worklist | archive; reason: those of dimse.limits.Reason
    Metric(
        Counter,
        "dicomfabd_dicom_associations_closed_total",
        "DICOM associations refused, or ended otherwise than by release.",
        ("listener", "reason"),
    ),
    Metric(
        Counter, "dicomfabd_worklist_queries_total", "Worklist C-FIND requests.", ("result",)
    ),  # result: ok | cancelled | failed
    Metric(Counter, "dicomfabd_worklist_answers_total", "Worklist items given."),
    Metric(Histogram, "dicomfabd_worklist_query_seconds", "Worklist request to last answer.", (), _FAST),
    # operation: create | set; result: matched | unmatched | refused
    Metric(Counter, "dicomfabd_mpps_received_total", "Messages on performed procedure steps.", ("operation", "result")),
    # result: ok | known | failed
    Metric(Counter, "dicomfabd_mpps_sent_total", "What RIS were told of performed steps.", ("destination", "result")),
    Metric(Counter, "dicomfabd_fabricate_studies_total", "Studies begun.", ("modality",)),  # modality: of a protocol
    Metric(Counter, "dicomfabd_fabricate_unmapped_total", "Studies that fell back to a page: no protocol fits."),
    # outcome: stored | warned | retryable | permanent
    Metric(Counter, "dicomfabd_deliver_instances_total", "Answers of a PACS to C-STORE.", ("destination", "outcome")),
    # outcome: delivered | postponed | failed | lost
    Metric(Counter, "dicomfabd_deliver_studies_total", "Tries to deliver a study.", ("destination", "outcome")),
    Metric(Histogram, "dicomfabd_deliver_study_seconds", "Claim to last instance stored.", ("destination",), _SLOW),
    # outcome: committed | failed
    Metric(
        Counter, "dicomfabd_deliver_commitments_total", "Reports on storage commitment.", ("destination", "outcome")
    ),
    Metric(Gauge, "dicomfabd_destination_up", "0 while a destination is away and waited for.", ("destination",)),
    Metric(
        Counter, "dicomfabd_archive_instances_total", "Instances the built-in archive was sent.", ("result",)
    ),  # ok | failed
    Metric(Counter, "dicomfabd_archive_queries_total", "Archive C-FIND requests.", ("result",)),  # result: ok | failed
    # state: answered | away | refused | failed
    Metric(Counter, "dicomfabd_pacs_queries_total", "Questions of people to a PACS.", ("destination", "state")),
    # state: done | partly | failed | cancelled
    Metric(Counter, "dicomfabd_pacs_moves_total", "Moves of people that ended.", ("source", "state")),
    # result: whole | incomplete
    Metric(Counter, "dicomfabd_pacs_downloads_total", "Downloads of people that ended.", ("source", "result")),
    # outcome: sent | failed
    Metric(Counter, "dicomfabd_archive_sent_total", "Instances the archive sent for C-MOVE and C-GET.", ("outcome",)),
    # outcome: reported | refused | postponed | dropped
    Metric(
        Counter, "dicomfabd_archive_commitments_total", "Requests for storage commitment, and reports.", ("outcome",)
    ),
    # reason: age | quota
    Metric(Counter, "dicomfabd_archive_purged_studies_total", "Studies that left the archive.", ("reason",)),
    Metric(Gauge, "dicomfabd_workers", "Worker processes running."),
    Metric(Counter, "dicomfabd_workers_died_total", "Worker processes that ended without being asked to."),
    Metric(Counter, "dicomfabd_log_lines_lost_total", "Log lines that could not be written."),
    # route: template of the path
    Metric(Counter, "dicomfabd_web_requests_total", "HTTP requests.", ("method", "route", "status")),
    # outcome: signed_in | password | oidc | limited
    Metric(Counter, "dicomfabd_web_sign_ins_total", "People let in, or refused by what they tried.", ("outcome",)),
    Metric(Histogram, "dicomfabd_web_request_seconds", "HTTP request time.", ("route",), _FAST),
)


def _register(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if metric.kind is Histogram:
        return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    return metric.kind(metric.name, metric.help, metric.labels, registry=registry)


class Metrics:
    """The daemon's metrics; two daemons in one process have two of these."""

    def __init__(self, version: str) -> None:
        """Register everything in a registry of its own."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._metrics: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, tuple[str, ...]], Counter | Gauge | Histogram] = {}
        for metric in METRICS:
            self._metrics[metric.name] = _register(metric, self.registry)
        self.set("dicomfabd_build_info", 1, version)

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Raise a counter, or move a gauge."""
        child = self._child(name, labels)
        assert isinstance(child, Counter | Gauge)  # noqa: S101 - a metric's kind is ours, not input
        child.inc(amount)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Put one value into a histogram."""
        child = self._child(name, labels)
        assert isinstance(child, Histogram)  # noqa: S101 - a metric's kind is ours, not input
        child.observe(value)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge."""
        child = self._child(name, labels)
        assert isinstance(child, Gauge)  # noqa: S101 - a metric's kind is ours, not input
        child.set(value)

    def replace(self, name: str, values: Iterable[tuple[tuple[str, ...], float]]) -> None:
        """Set a gauge for these labels and forget all others."""
        gauge = self._metrics[name]
        gauge.clear()
        self._children = {key: child for key, child in self._children.items() if key[0] != name}
        for labels, value in values:
            self.set(name, value, *labels)

    def total(self, name: str, labels: Mapping[str, Collection[str]]) -> float:
        """Give the sum of a counter over all label values, or over those that are named."""
        return sum(
            sample.value
            for metric in self._metrics[name].collect()
            for sample in metric.samples
            if sample.name.endswith("_total") and all(sample.labels[label] in labels[label] for label in labels)
        )

    def render(self) -> tuple[bytes, str]:
        """Give the exposition text and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _child(self, name: str, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        if not labels:
            return self._metrics[name]
        child = self._children.get((name, labels))
        if child is None:
            child = self._children[name, labels] = self._metrics[name].labels(*labels)
        return child
