package setup

import (
	_ "embed"
	"strings"
)

//go:embed reeve-agent.plist
var plist string

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace

// job writes a job of launchd that runs a program with arguments.
func job(command []string) string {
	var list strings.Builder
	for _, argument := range command {
		list.WriteString("\t\t<string>" + escapeXML(argument) + "</string>\n")
	}
	return strings.Replace(plist, "ARGUMENTS", list.String(), 1)
}
