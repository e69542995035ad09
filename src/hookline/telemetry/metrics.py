"""What is measured, by Prometheus' names. Labels are few and bounded: never an id or a number."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15)
_UNITS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)

REQUESTS = Counter("hookline_http_requests_total", "Requests answered.", ["route", "status"])
REQUEST_SECONDS = Histogram(
    "hookline_http_request_seconds", "From the request's head to its answer.", buckets=_SECONDS
)
REQUESTS_NOT_KEPT = Counter(
    "hookline_request_log_skipped_total",
    "Requests that the request log does not keep: too many a second (rate), too many that wait "
    "(buffer), or not written (lost).",
    ["reason"],
)
ACCEPTED = Counter("hookline_messages_accepted_total", "Messages accepted.", ["mode"])
REFUSED = Counter("hookline_messages_refused_total", "Messages refused.", ["code"])
MESSAGES_ENDED = Counter("hookline_messages_ended_total", "Messages in a final state.", ["status"])
MESSAGES_RECEIVED = Counter("hookline_messages_received_total", "Inbound messages.")

BATCH_UNITS = Histogram("hookline_commit_batch_units", "Units in one commit.", buckets=_UNITS)
BATCH_SECONDS = Histogram("hookline_commit_seconds", "Duration of one commit.", buckets=_SECONDS)
BATCH_RERUNS = Counter("hookline_commit_reruns_total", "Batches that were run again unit by unit.")
UNITS_FAILED = Counter("hookline_commit_units_failed_total", "Units that failed unexpectedly.")
QUEUE_DEPTH = Gauge(
    "hookline_queue_depth", "Work that waits in memory.", ["queue"], multiprocess_mode="livesum"
)

DELIVERIES = Counter(
    "hookline_webhook_attempts_total",
    "Webhook attempts by what came of them: delivered, retry, or failed (given up).",
    ["outcome"],
)
DELIVERY_SECONDS = Histogram(
    "hookline_webhook_event_to_delivered_seconds",
    "From the event's commit to a 2xx of its receiver.",
    buckets=_SECONDS,
)
OLDEST_PENDING_SECONDS = Gauge(
    "hookline_webhook_oldest_pending_seconds",
    "Age of the oldest undelivered one of an enabled endpoint: held here, or waiting in the database "
    "(looked up every minute).",
    multiprocess_mode="livemax",
)
WEBHOOK_BACKLOG = Gauge(
    "hookline_webhook_backlog",
    "Deliveries to enabled endpoints that wait in the database, in no node's memory; looked up every "
    "minute, and counted up to a million.",
    multiprocess_mode="livemax",
)
WEBHOOK_QUEUED = Gauge(
    "hookline_webhook_queued",
    "Deliveries in memory: first attempts, retries that are due, and those that wait for their time "
    "(later).",
    ["kind"],
    multiprocess_mode="livesum",
)
WEBHOOK_IN_FLIGHT = Gauge(
    "hookline_webhook_in_flight", "Webhook attempts under way.", multiprocess_mode="livesum"
)
WEBHOOK_LANES = Gauge(
    "hookline_webhook_lanes",
    "Webhook targets with work or trouble, by the state of their circuit breaker.",
    ["breaker"],
    multiprocess_mode="livesum",
)
OUTBOUND_REQUESTS = Counter(
    "hookline_outbound_requests_total",
    "Answered requests to customers' URLs, by whether their connection was new or reused.",
    ["connection"],
)
CARRIER_LINKS = Gauge(
    "hookline_carrier_links",
    "Links to network carriers, by their phase.",
    ["phase"],
    multiprocess_mode="livesum",
)
SEGMENTS_SUBMITTED = Counter(
    "hookline_carrier_segments_submitted_total", "Segments sent to network carriers."
)
SEGMENTS_ANSWERED = Counter(
    "hookline_carrier_segments_answered_total",
    "What became of segments sent: accepted, rejected, throttled, faulted (the carrier's own, "
    "tried again) or ambiguous (no answer).",
    ["outcome"],
)
