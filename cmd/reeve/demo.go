package main

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"reeve/client"
	"reeve/internal/serve"
	"reeve/internal/swarm"
)

// How large the demo is.
const (
	demoDevices = 60
	demoUnknown = 6
)

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Watch it work: a server, simulated devices and a real agent, on this machine only",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "reeve-demo-")
			if err != nil {
				return fmt.Errorf("making the demo's folder: %w", err)
			}
			defer os.RemoveAll(dir)
			d := demo{dir: dir, out: cmd.OutOrStdout()}
			defer d.stop()
			err = d.run(cmd.Context())
			if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
				return nil
			}
			return err
		},
	}
}

// A demo is everything that the command starts. It keeps to loopback and to its
// folder.
type demo struct {
	dir    string
	out    io.Writer
	server *serve.Server
	first  serve.Bootstrap
	own    *client.Client
	agent  *exec.Cmd
	ended  chan error // the agent's process
	swarm  chan error
	halt   context.CancelFunc // of the swarm
}

func (d *demo) run(ctx context.Context) error {
	began := time.Now()
	if err := d.serve(ctx); err != nil {
		return err
	}
	if _, err := d.own.Import(ctx, client.Import{Devices: unknownDevices()}); err != nil {
		return err
	}
	if err := d.simulate(ctx); err != nil {
		return err
	}
	device, err := d.realAgent(ctx)
	if err != nil {
		return err
	}
	d.introduce(device, time.Since(began))
	if err := d.tour(ctx, device); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "\nThe demo goes on until you press Ctrl-C; then everything it made is removed.")
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.swarm:
		return fmt.Errorf("the simulated devices stopped: %w", err)
	case err := <-d.ended:
		return fmt.Errorf("the agent stopped: %w", err)
	}
}

// serve starts the server on the usual ports, or on free ones.
func (d *demo) serve(ctx context.Context) error {
	log, err := os.Create(filepath.Join(d.dir, "server.log"))
	if err != nil {
		return err
	}
	credentials := filepath.Join(d.dir, "credentials.json")
	d.server, err = serve.Open(ctx, serve.Config{
		Data: filepath.Join(d.dir, "server"), Listen: usual(serve.DefaultListen), Agents: usual(serve.DefaultAgents),
		TLS: serve.DefaultTLS, RateLimit: "off", Bootstrap: credentials, Version: version,
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(credentials)
	if err == nil {
		err = json.Unmarshal(text, &d.first)
	}
	if err == nil {
		err = os.WriteFile(d.ca(), d.server.CA, 0o600)
	}
	if err == nil {
		d.own, err = client.New(client.Config{URL: d.first.URL, ClientID: d.first.ClientID, ClientSecret: d.first.ClientSecret, Pin: d.first.Pin})
	}
	return err
}

func (d *demo) ca() string { return filepath.Join(d.dir, "ca.pem") }

// usual returns the address if it is free, else one with any port.
func usual(address string) string {
	probe, err := net.Listen("tcp", address)
	if err != nil {
		return "127.0.0.1:0"
	}
	probe.Close()
	return address
}

func unknownDevices() []client.NewDevice {
	out := make([]client.NewDevice, demoUnknown)
	for i := range out {
		out[i] = client.NewDevice{Hostname: fmt.Sprintf("printer-%d", i+1), MACs: []string{fmt.Sprintf("02:00:5e:00:53:%02x", i+1)}}
	}
	return out
}

// simulate starts the swarm and returns when its devices are there.
func (d *demo) simulate(ctx context.Context) error {
	ready := make(chan swarm.Stats, 1)
	d.swarm = make(chan error, 1)
	ctx, d.halt = context.WithCancel(ctx)
	go func() {
		_, err := swarm.Run(ctx, swarm.Options{
			Server: d.first.URL, Pin: d.first.Pin, Code: d.first.RegistrationCode, Count: demoDevices, Seed: 1, Hold: true,
			Ready: func(s swarm.Stats) { ready <- s },
		})
		d.swarm <- err
		close(d.swarm) // stop waits for it too
	}()
	select {
	case <-ready:
		return nil
	case err := <-d.swarm:
		return fmt.Errorf("starting the simulated devices: %w", err)
	}
}

// demoThreat is what the demo's signature finds: harmless text that no other
// scanner has reason to know.
const demoThreat = "This file is harmless. Reeve's demo has a signature for it.\n"

// realAgent starts the real agent on this machine, held by a local policy to
// the demo's folder, and returns its device once it is connected.
func (d *demo) realAgent(ctx context.Context) (client.Device, error) {
	state, files, signatures := filepath.Join(d.dir, "agent"), d.files(), filepath.Join(d.dir, "signatures")
	for _, dir := range []string{state, files, signatures} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return client.Device{}, err
		}
	}
	policy, err := json.Marshal(map[string]any{
		"actions": map[string]bool{"dhcprenew": false}, "scan_paths": []string{files}, "signatures": signatures,
	})
	if err != nil {
		return client.Device{}, err
	}
	for path, text := range map[string]string{
		filepath.Join(files, "readme.txt"):        "Nothing to see here.\n",
		filepath.Join(files, "sample.txt"):        demoThreat,
		filepath.Join(signatures, "demo.hdb"):     fmt.Sprintf("%x:%d:Reeve.Demo.Sample\n", md5.Sum([]byte(demoThreat)), len(demoThreat)),
		filepath.Join(d.dir, "policy.json"):       string(policy) + "\n",
		filepath.Join(d.dir, "registration.code"): d.first.RegistrationCode + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return client.Device{}, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return client.Device{}, err
	}
	log, err := os.Create(filepath.Join(d.dir, "agent.log"))
	if err != nil {
		return client.Device{}, err
	}
	d.agent = exec.Command(filepath.Join(filepath.Dir(self), "reeve-agent"), "run", "--server", d.first.URL,
		"--code-file", filepath.Join(d.dir, "registration.code"), "--pin", d.first.Pin, "--state", state,
		"--policy", filepath.Join(d.dir, "policy.json"))
	d.agent.Stdout, d.agent.Stderr = log, log
	// A Ctrl-C at the terminal is for the demo, which then stops its agent.
	d.agent.SysProcAttr = ownGroup()
	if err := d.agent.Start(); err != nil {
		d.agent = nil
		return client.Device{}, fmt.Errorf("starting reeve-agent, which must lie beside reeve; run make build: %w", err)
	}
	d.ended = make(chan error, 1)
	go func() {
		d.ended <- d.agent.Wait()
		close(d.ended) // stop waits for it too
	}()
	return d.await(ctx)
}

func (d *demo) files() string { return filepath.Join(d.dir, "files") }

// await returns the real agent's device as soon as it is connected.
func (d *demo) await(ctx context.Context) (client.Device, error) {
	name, err := os.Hostname()
	if err != nil {
		return client.Device{}, err
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		for device, err := range d.own.Devices(ctx, client.DeviceFilter{Search: name}) {
			if err != nil {
				return client.Device{}, err
			}
			if device.Hostname == name && device.Online {
				return device, nil
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return client.Device{}, ctx.Err()
		case err := <-d.ended:
			return client.Device{}, fmt.Errorf("the agent ended before it was connected: %w", err)
		}
	}
}

// stop ends the agent, the simulated devices and the server, in this order.
func (d *demo) stop() {
	if d.agent != nil && d.agent.Process.Signal(syscall.SIGTERM) == nil {
		select {
		case <-d.ended:
		case <-time.After(5 * time.Second):
			d.agent.Process.Kill()
		}
	}
	if d.halt != nil {
		d.halt()
		<-d.swarm
	}
	if d.server != nil {
		d.server.Close(context.Background())
	}
}
