"""The send path: claim, check again, plan, reserve, write, hand over, record."""

from sending.pipeline.run import RunReport, run_campaign

__all__ = ["RunReport", "run_campaign"]
