"""The board of warm-ups, what can be done to one, and the page that starts one."""

from warmup.admin.schedules import WarmupScheduleAdmin

__all__ = ["WarmupScheduleAdmin"]
