package console

import "strings"

// A browser is what a session was opened with, as far as that can be told: it
// says so itself, so this is a help for memory and proves nothing.
type browser struct{ Name, System, Whole string }

// Browsers also claim to be those that came before them, so the first that fits
// is the right one.
var (
	browserMarks = [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"},
		{"CriOS/", "Chrome"}, {"FxiOS/", "Firefox"}, {"Safari/", "Safari"}, {"curl/", "curl"}}
	systemMarks = [][2]string{{"Windows", "Windows"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"}}
)

func browserOf(agent string) browser {
	return browser{marked(agent, browserMarks), marked(agent, systemMarks), agent}
}

func marked(agent string, marks [][2]string) string {
	for _, mark := range marks {
		if strings.Contains(agent, mark[0]) {
			return mark[1]
		}
	}
	return ""
}
