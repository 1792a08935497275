"""OpenTelemetry: spans of runs and steps, and metrics.

Only its API is needed, and that is imported when there is something to record, never before.
"""

from flowkit.telemetry.recording import OpenTelemetry

__all__ = ["OpenTelemetry"]
