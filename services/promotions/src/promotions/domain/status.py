"""The life cycle of a promotion."""

from enum import StrEnum


class PromotionStatus(StrEnum):
    """DRAFT → SUBMITTED → APPROVED → COMMITTED → STARTED → ENDED; CANCELLED from all before STARTED."""

    DRAFT = "draft"  # 草稿
    SUBMITTED = "submitted"  # 已提交
    APPROVED = "approved"  # 已审批
    COMMITTED = "committed"  # 已承诺
    STARTED = "started"  # 执行中
    ENDED = "ended"  # 已结束
    CANCELLED = "cancelled"  # 已取消
