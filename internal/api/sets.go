package api

import (
	"net/http"
	"strconv"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
)

// sets lists the versions of all signature sets.
func (a *api) sets(w http.ResponseWriter, r *door.Request) error {
	sets, err := a.Store.Sets(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	settings, _, err := a.Store.AgentSettings(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	return whole(w, sets, func(s reeve.SignatureSet) client.SignatureSet { return shapeSet(s, settings) })
}

func shapeSet(s reeve.SignatureSet, settings []reeve.GroupSettings) client.SignatureSet {
	out := client.SignatureSet{Name: s.Name, Version: s.Version, Description: s.Description, Files: make([]client.SetFile, len(s.Files)),
		Bytes: s.Bytes(), Created: s.Created, By: s.By}
	for i, f := range s.Files {
		out.Files[i] = client.SetFile(f)
	}
	for _, g := range settings {
		out.InForce = out.InForce || g.InForce.Name == s.Name && g.InForce.Version == s.Version
	}
	return out
}

// storeSetFile takes the content of a file as it is.
func (a *api) storeSetFile(w http.ResponseWriter, r *door.Request) error {
	if r.ContentLength > reeve.MaxSetFile {
		return reeve.Errorf(reeve.TooLarge, "the file is larger than the %d MB that are taken", reeve.MaxSetFile>>20)
	}
	f, err := a.Rules.StoreSetFile(r.Context(), r.Caller, r.PathValue("digest"), r.Body)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, client.StoredFile{SHA256: f.SHA256, Size: f.Size})
}

func (a *api) createSet(w http.ResponseWriter, r *door.Request) error {
	var want client.NewSet
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	spec := reeve.SignatureSet{Name: want.Name, Description: want.Description}
	for _, f := range want.Files {
		spec.Files = append(spec.Files, reeve.SetFile{Name: f.Name, SHA256: f.SHA256})
	}
	set, err := a.Rules.CreateSet(r.Context(), r.Caller, spec)
	if err != nil {
		return err
	}
	settings, _, err := a.Store.AgentSettings(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusCreated, shapeSet(set, settings))
}

func (a *api) removeSet(w http.ResponseWriter, r *door.Request) error {
	version, err := strconv.ParseInt(r.PathValue("version"), 10, 64)
	if err != nil {
		return reeve.Errorf(reeve.NotFound, "a version is a number; list the sets to see which there are")
	}
	return gone(w, named(a.Rules.RemoveSet(r.Context(), r.Caller, r.PathValue("name"), version), "version of a signature set"))
}

// agentSettings lists the settings of the account, then those of groups.
func (a *api) agentSettings(w http.ResponseWriter, r *door.Request) error {
	settings, _, err := a.Store.AgentSettings(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	return whole(w, settings, shapeSettings)
}

func shapeSettings(g reeve.GroupSettings) client.AgentSettings {
	out := client.AgentSettings{Group: g.Group, Set: g.Set, SetVersion: g.SetVersion, Version: g.InForce.Version,
		ReportNeighbours: g.ReportNeighbours, Quarantine: g.Quarantine, Engines: g.Engines}
	if g.Group == "" {
		out.Group = client.OfAccount
	}
	return out
}

// settledGroup is the group that the path names, empty for the account.
func settledGroup(r *door.Request) string {
	if group := r.PathValue("group"); group != client.OfAccount {
		return group
	}
	return ""
}

func (a *api) changeAgentSettings(w http.ResponseWriter, r *door.Request) error {
	var want client.AgentSettingsChange
	if _, err := a.read(w, r, &want); err != nil {
		return err
	}
	settings, err := a.Rules.ChangeAgentSettings(r.Context(), r.Caller, settledGroup(r), func(s *reeve.AgentSettings) {
		if want.Set != nil && *want.Set != s.Set {
			s.Set, s.SetVersion = *want.Set, 0 // the numbers of another set mean nothing
		}
		put(&s.SetVersion, want.SetVersion)
		put(&s.ReportNeighbours, want.ReportNeighbours)
		put(&s.Quarantine, want.Quarantine)
		put(&s.Engines, want.Engines)
	})
	if err != nil {
		return named(err, "group, set or version")
	}
	return door.Write(w, http.StatusOK, shapeSettings(settings))
}

func (a *api) removeAgentSettings(w http.ResponseWriter, r *door.Request) error {
	err := a.Rules.RemoveAgentSettings(r.Context(), r.Caller, settledGroup(r))
	if reeve.KindOf(err) == reeve.NotFound {
		err = reeve.Errorf(reeve.NotFound, "there are no settings of %.40q; list them to see which there are", r.PathValue("group")).Because(err)
	}
	return gone(w, err)
}
