"""Chinese words of the reports for what the rules say."""

from yiyun.compliance.model import State

STATE_ZH = {
    State.PASS: "通过",
    State.FAIL: "未通过",
    State.MANUAL: "需人工确认",
    State.NOT_EVALUATED: "未能评估",
    State.NOT_APPLICABLE: "不适用",
    State.WAIVED: "已豁免（仍计不符合）",
}
