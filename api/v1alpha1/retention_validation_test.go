package v1alpha1_test

import (
	"testing"
)

func TestConversationsAreKeptForDaysAndNotShorterThanACustomerMayBeSilent(t *testing.T) {
	const silent = "a customer may be silent for longer than conversations are kept; raise retention.deleteAfterDays or lower thresholds.closeAfterIdleSeconds"
	check(t, "Queue", "support", join([]rule{
		{"ninety days", `{retention: {deleteAfterDays: 90}}`, ""},
		{"for ever, whatever the Desk says", `{retention: {deleteAfterDays: 0}}`, ""},
		{"for ever, with a long silence", `{retention: {deleteAfterDays: 0}, thresholds: {closeAfterIdleSeconds: 2592000}}`, ""},
		{"a day, and a day of silence", `{retention: {deleteAfterDays: 1}}`, ""},
		{"a day, and a little more of silence", `{retention: {deleteAfterDays: 1}, thresholds: {closeAfterIdleSeconds: 86401}}`, silent},
		{"a month of silence and 30 days", `{retention: {deleteAfterDays: 30}, thresholds: {closeAfterIdleSeconds: 2592000}}`, ""},
		{"nothing said", `{retention: {}}`, "deleteAfterDays"},
		{"a word", `{retention: {deleteAfterDays: "90d"}}`, "deleteAfterDays"},
	}, number("deleteAfterDays", `{retention: {deleteAfterDays: %d}}`, 0, 36500)))
	check(t, "Desk", "default", join([]rule{
		{"ninety days", `{retention: {deleteAfterDays: 90}}`, ""},
		{"nothing said", `{retention: {}}`, "deleteAfterDays"},
	}, number("deleteAfterDays", `{retention: {deleteAfterDays: %d}}`, 0, 36500)))
}
