package sqlstore

import (
	"context"
	"strings"
	"time"

	"reeve"
)

// Enrol runs fn in a transaction. The lock on the account, which Code and Save
// take, keeps enrolments of one account apart.
func (s *Store) Enrol(ctx context.Context, fn func(reeve.Enrolling) error) error {
	err := s.change(ctx, func(t *tx) error { return fn(enrolling{t}) })
	return conflict(err, deviceTaken)
}

// DeviceByKey finds the device that holds the key, wherever it stands.
func (s *Store) DeviceByKey(ctx context.Context, key reeve.Key) (reeve.Device, int64, error) {
	found, err := s.records(ctx, s.db, "(SELECT * FROM devices WHERE no IN (SELECT device FROM device_keys WHERE key = $1)) AS d", "", key[:])
	if err == nil && len(found) == 0 {
		err = noDevice
	}
	if err != nil {
		return reeve.Device{}, 0, err
	}
	return found[0].Device, found[0].account, nil
}

type enrolling struct{ tx *tx }

// Code returns the valid code with this hash, read again under its account's lock.
func (e enrolling) Code(hash string, now time.Time) (reeve.Code, reeve.Account, error) {
	t := e.tx
	owner, err := must[int64](noCode)(first(t.ctx, t, number, "SELECT account FROM codes WHERE hash = $1", hash))
	if err != nil {
		return reeve.Code{}, reeve.Account{}, err
	}
	account, err := t.lockAccount(owner)
	if err != nil {
		return reeve.Code{}, reeve.Account{}, err
	}
	code, err := must[reeve.Code](noCode)(first(t.ctx, t, scanCode, "SELECT "+codeColumns+" FROM codes WHERE"+validCode, hash, micro(now)))
	return code, account, err
}

// Claimants returns live devices with one of these MACs or this hardware id.
func (e enrolling) Claimants(account int64, macs []reeve.MAC, hardwareID string) ([]reeve.Device, error) {
	t := e.tx
	these, arg := t.among(3, numbers("mac", macNumbers(macs)))
	return t.store.devices(t.ctx, t, `(SELECT * FROM devices AS d WHERE d.account = $1 AND `+live+` AND d.no IN (
			SELECT device FROM macs WHERE account = $1 AND mac `+these+`
			UNION SELECT device FROM device_names WHERE hardware_id = $2 AND hardware_id <> '')) AS d`, " ORDER BY d.no",
		account, clean(hardwareID), arg)
}

// Listed returns devices of a directory that the hostname can mean.
func (e enrolling) Listed(account int64, hostname string) ([]reeve.Device, error) {
	t := e.tx
	whole := strings.TrimSuffix(fold(clean(hostname)), ".")
	label, _, isFull := strings.Cut(whole, ".")
	if label == "" {
		return nil, nil
	}
	// A full name begins with its first label and a dot, behind which comes the slash.
	from, to := label+".", label+"/"
	if isFull {
		from, to = whole, whole
	}
	return t.store.devices(t.ctx, t, `(SELECT * FROM devices AS d WHERE d.account = $1 AND d.class & 7 IN (1, 2) AND d.no IN (
			SELECT device FROM device_names WHERE account = $1 AND (folded = $2 OR folded = $3 OR folded > $4 AND folded < $5))
		AND EXISTS (SELECT 1 FROM discoveries AS y WHERE y.device = d.no AND y.object <> '')
		AND NOT EXISTS (SELECT 1 FROM macs AS m WHERE m.device = d.no)) AS d`, " ORDER BY d.no", account, whole, label, from, to)
}

// SeatIsFree reports whether a further managed device fits the account.
func (e enrolling) SeatIsFree(account int64) (bool, error) {
	free, err := e.tx.freeSeats(account)
	return free > 0, err
}

// Spend counts one use of the code.
func (e enrolling) Spend(codeHash string) error {
	return e.tx.later("UPDATE codes SET used = used + 1 WHERE hash = $1", codeHash)
}

// Log appends entries.
func (e enrolling) Log(entries ...reeve.AuditEntry) error {
	e.tx.log(entries...)
	return nil
}

// Save adds a device or replaces its record.
func (e enrolling) Save(account int64, d reeve.Device) (reeve.Device, error) {
	t := e.tx
	a, err := t.lockAccount(account)
	if err != nil {
		return d, err
	}
	group, err := must[reeve.Group](noGroup)(first(t.ctx, t, scanGroup, "SELECT "+groupColumns+
		" WHERE g.account = $1 AND (g.id = $2 OR ($2 = '' AND g.no = a.default_group))", account, d.GroupID))
	if err != nil {
		return d, err
	}
	d.GroupID, d.GroupName = group.ID, group.Name
	class, err := t.classNumber(d.Class)
	if err != nil {
		return d, err
	}
	var was reeve.Device // nothing that counts, for a new one
	was.Class.Standing = reeve.Unknown
	if d.No == 0 {
		err = t.insertDevice(account, &d, class, group.No)
	} else if was, err = t.deviceToReplace(account, d.No); err == nil {
		err = t.updateDevice(d, class, group.No)
	}
	if err != nil {
		return d, err
	}
	if err := t.describe(account, d); err != nil {
		return d, err
	}
	if err := t.holdKey(was, d); err != nil {
		return d, err
	}
	return d, t.settleSeats(a, was, d)
}

func (t *tx) deviceToReplace(account, no int64) (reeve.Device, error) {
	found, err := t.store.devices(t.ctx, t, "devices AS d", " WHERE d.account = $1 AND d.no = $2 AND "+kept, account, no)
	if err == nil && len(found) == 0 {
		err = noDevice
	}
	if err != nil {
		return reeve.Device{}, err
	}
	return found[0], nil
}

// holdKey notes whose key it is.
func (t *tx) holdKey(was, d reeve.Device) error {
	if was.Key == d.Key {
		return nil
	}
	if err := t.later("DELETE FROM device_keys WHERE key = $1", was.Key[:]); err != nil || d.Key == (reeve.Key{}) {
		return err
	}
	return t.later("INSERT INTO device_keys (key, device) VALUES ($1, $2)", d.Key[:], d.No)
}
