package ledger

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// networkDisk names the network file system that a directory is on; empty when it is on none that is known to break
// SQLite.
func networkDisk(directory string) (string, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(directory, &fs); err != nil {
		return "", fmt.Errorf("statfs %s: %w", directory, err)
	}
	return networkDiskName(uint32(fs.Type)), nil
}

// networkDiskName knows file systems by the number that statfs gives. Their locks hold on one client only, or not at
// all, and their sync may answer before the server has written.
func networkDiskName(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "CIFS (SMB)"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "AFS"
	case unix.CODA_SUPER_MAGIC:
		return "Coda"
	}
	return ""
}
