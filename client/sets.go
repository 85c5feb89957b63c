package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// A SignatureSet is one version of a collection of signature files and YARA
// rules.
type SignatureSet struct {
	Name        string    `json:"name"`
	Version     int64     `json:"version"`
	Description string    `json:"description,omitempty"`
	Files       []SetFile `json:"files"`
	Bytes       int64     `json:"bytes"` // of all files
	InForce     bool      `json:"in_force"`
	Created     time.Time `json:"created"`
	By          string    `json:"by,omitempty"` // who made it
}

// A SetFile is one file of a set.
type SetFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// A NewSet is the next version of a set: files that were stored before.
type NewSet struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Files       []NewSetFile `json:"files"`
}

// A NewSetFile names stored content.
type NewSetFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// A StoredFile is content that sets may name.
type StoredFile struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// AgentSettings are what the agents of a group are told to be.
type AgentSettings struct {
	Group            string   `json:"group"`                 // id, or "account" for those of all groups without their own
	Set              string   `json:"set,omitempty"`         // name of the signature set; none if empty
	SetVersion       int64    `json:"set_version,omitempty"` // 0 is the newest
	Version          int64    `json:"version,omitempty"`     // of the set that this means now
	ReportNeighbours bool     `json:"report_neighbours"`
	Quarantine       bool     `json:"quarantine"`
	Engines          []string `json:"engines,omitempty"` // the only ones to scan with; none is all
}

// AgentSettingsChange is what to change of them; nil members stay.
type AgentSettingsChange struct {
	Set              *string   `json:"set,omitempty"`
	SetVersion       *int64    `json:"set_version,omitempty"`
	ReportNeighbours *bool     `json:"report_neighbours,omitempty"`
	Quarantine       *bool     `json:"quarantine,omitempty"`
	Engines          *[]string `json:"engines,omitempty"`
}

// OfAccount is the Group of settings that count where a group has none.
const OfAccount = "account"

// HeldSettings are those that a device's agent has in force.
type HeldSettings struct {
	Revision int64  `json:"revision,omitempty"` // rises with every change in the account
	Digest   string `json:"digest,omitempty"`   // the same for all that have the same settings
	Set      string `json:"set,omitempty"`
	Version  int64  `json:"version,omitempty"`
	Problem  string `json:"problem,omitempty"` // why newer ones could not be taken
}

// Sets goes through the versions of all signature sets by name, the newest
// first.
func (c *Client) Sets(ctx context.Context) iter.Seq2[SignatureSet, error] {
	return pages[SignatureSet](ctx, c, "/sets", nil)
}

// StoreSetFile sends content for sets to come, which is known by its SHA-256.
func (c *Client) StoreSetFile(ctx context.Context, digest string, content []byte) (f StoredFile, err error) {
	return f, c.do(ctx, call{method: "PUT", path: "/set-files/" + url.PathEscape(digest), content: content}, &f)
}

// CreateSet adds the next version of a set.
func (c *Client) CreateSet(ctx context.Context, spec NewSet) (s SignatureSet, err error) {
	return s, c.do(ctx, call{method: "POST", path: "/sets", body: spec}, &s)
}

// Upload stores files by name and adds the next version of a set with them.
func (c *Client) Upload(ctx context.Context, name, description string, files map[string]io.Reader) (SignatureSet, error) {
	spec := NewSet{Name: name, Description: description}
	for file, from := range files {
		content, err := io.ReadAll(from)
		if err != nil {
			return SignatureSet{}, fmt.Errorf("reading %s: %w", file, err)
		}
		sum := sha256.Sum256(content)
		stored, err := c.StoreSetFile(ctx, hex.EncodeToString(sum[:]), content)
		if err != nil {
			return SignatureSet{}, fmt.Errorf("sending %s: %w", file, err)
		}
		spec.Files = append(spec.Files, NewSetFile{Name: file, SHA256: stored.SHA256})
	}
	return c.CreateSet(ctx, spec)
}

// RemoveSet removes a version that is in force nowhere.
func (c *Client) RemoveSet(ctx context.Context, name string, version int64) error {
	return c.do(ctx, call{method: "DELETE", path: "/sets/" + url.PathEscape(name) + "/" + strconv.FormatInt(version, 10)}, nil)
}

// AgentSettings goes through the settings of the account's agents: the account's,
// then those of groups that have their own.
func (c *Client) AgentSettings(ctx context.Context) iter.Seq2[AgentSettings, error] {
	return pages[AgentSettings](ctx, c, "/agent-settings", nil)
}

// ChangeAgentSettings changes the settings of a group, or of the account under
// OfAccount. A group without its own begins with the account's.
func (c *Client) ChangeAgentSettings(ctx context.Context, group string, change AgentSettingsChange) (s AgentSettings, err error) {
	return s, c.do(ctx, call{method: "PATCH", path: "/agent-settings/" + url.PathEscape(group), body: change}, &s)
}

// RemoveAgentSettings gives a group the account's settings again, or clears those.
func (c *Client) RemoveAgentSettings(ctx context.Context, group string) error {
	return c.do(ctx, call{method: "DELETE", path: "/agent-settings/" + url.PathEscape(group)}, nil)
}
