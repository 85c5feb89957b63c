package console

import (
	"strconv"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// An agentsForm is what the agents of a group, or of the account, are told.
type agentsForm struct {
	Path      string // that it is sent to
	OfGroup   bool
	Own       bool // a group has settings of its own
	MayChange bool
	InForce   reeve.GroupSettings
	Sets      []reeve.SignatureSet // that can be chosen
	Filled    filled
}

// agentsForm returns the form with what is in force, or with what was typed.
func (c *console) agentsForm(v *visit, group string, typed filled) (agentsForm, error) {
	settings, err := v.view.AgentSettingsOf(v.Context(), group)
	if err != nil {
		return agentsForm{}, err
	}
	form := agentsForm{
		Path: "settings/agents", OfGroup: group != "", Own: settings.Group == group, InForce: settings, Filled: typed,
		MayChange: control.Allow(v.Caller, reeve.Admin) == nil,
	}
	if group != "" {
		form.Path = "groups/" + group + "/agents"
	}
	if form.MayChange {
		if form.Sets, err = v.view.Sets(v.Context()); err != nil {
			return agentsForm{}, err
		}
	}
	if typed == nil {
		form.Filled = filled{"set": chosenSet(settings.AgentSettings), "engines": strings.Join(settings.Engines, " ")}
		form.Filled.tick("neighbours", settings.ReportNeighbours)
		form.Filled.tick("quarantine", settings.Quarantine)
	}
	return form, nil
}

// chosenSet is how a form names a set: by its name, which stands for the newest
// version, or by NAME/VERSION.
func chosenSet(s reeve.AgentSettings) string {
	if s.SetVersion == 0 {
		return s.Set
	}
	return s.Set + "/" + strconv.FormatInt(s.SetVersion, 10)
}

// saveAgents stores what was typed into the form for a group, or the account.
func (c *console) saveAgents(v *visit, group string, f filled) error {
	name, versionText, pinned := strings.Cut(f["set"], "/")
	var version int64
	if pinned {
		var err error
		if version, err = strconv.ParseInt(versionText, 10, 64); err != nil {
			return reeve.Errorf(reeve.Invalid, "there is no such version of a set; choose one of those offered")
		}
	}
	_, err := c.Rules.ChangeAgentSettings(v.Context(), v.Caller, group, func(s *reeve.AgentSettings) {
		s.Set, s.SetVersion = name, version
		s.ReportNeighbours, s.Quarantine = f.has("neighbours"), f.has("quarantine")
		s.Engines = strings.Fields(f["engines"])
	})
	return err
}

func (c *console) changeGroupAgents(v *visit) (*page, error) {
	if err := v.form(); err != nil {
		return nil, err
	}
	f, group := v.filled(), v.PathValue("id")
	if err := c.saveAgents(v, group, f); err != nil {
		return formAgain(err, func() (*page, error) { return c.showGroup(v, nil, f) })
	}
	return v.done("groups/"+group, "agents.changed")
}

func (c *console) removeGroupAgents(v *visit) (*page, error) {
	if err := c.Rules.RemoveAgentSettings(v.Context(), v.Caller, v.PathValue("id")); err != nil {
		return nil, err
	}
	return v.done("groups/"+v.PathValue("id"), "agents.inherited")
}
