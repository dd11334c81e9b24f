//! The container that the process is in.

use super::{Detect, Tag};

/// Docker's, containerd's and CRI-O's ids are SHA-256 in hex.
const ID_LEN: usize = 64;

/// From the process's control groups (version 1), else from what is mounted (version 2, where the groups'
/// path says nothing).
///
/// ```text
/// 12:pids:/kubepods/burstable/pod…/<id>            /system.slice/docker-<id>.scope
/// 1230 1221 0:3 /var/lib/docker/containers/<id>/hostname /etc/hostname …
/// ```
pub(super) fn id(detect: &Detect) -> Option<Tag> {
    let groups = detect.read("/proc/self/cgroup").unwrap_or_default();
    let of_groups = || groups.lines().find_map(last_id);
    let mounts = || {
        let mounts = detect.read("/proc/self/mountinfo")?;
        let of_container = |line: &&str| line.contains("/containers/") && line.contains("/hostname");
        mounts.lines().filter(of_container).find_map(last_id)
    };
    of_groups().or_else(mounts).map(|id| ("container.id", id))
}

/// The last run of exactly so many hexadecimal digits.
fn last_id(line: &str) -> Option<String> {
    let runs = line.rsplit(|c: char| !c.is_ascii_alphanumeric());
    let is_id = |run: &&str| run.len() == ID_LEN && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    runs.into_iter().find(is_id).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Root;
    use super::*;

    #[test]
    fn ids_are_found_in_groups_and_mounts() {
        let id = "ab".repeat(32);
        let groups = [
            format!("12:pids:/docker/{id}\n"),
            format!("1:name=systemd:/kubepods/burstable/pod01-02/{id}\n0::/\n"),
            format!("0::/system.slice/docker-{id}.scope\n"),
            format!("0::/kubepods.slice/cri-containerd-{id}.scope\n"),
        ];
        for text in groups {
            let root = Root::with(&[("proc/self/cgroup", &text)]);
            assert_eq!(super::id(&root.detect()), Some(("container.id", id.clone())), "{text}");
        }
        let mounts = format!(
            "1 2 0:3 /{} / rw\n1230 1221 0:3 /var/lib/docker/containers/{id}/hostname /etc/hostname rw\n",
            "cd".repeat(32)
        );
        let root = Root::with(&[("proc/self/cgroup", "0::/\n"), ("proc/self/mountinfo", &mounts)]);
        assert_eq!(super::id(&root.detect()), Some(("container.id", id)));
    }

    #[test]
    fn no_container_is_no_tag() {
        let root = Root::with(&[("proc/self/cgroup", "0::/user.slice/user-1000.slice\n")]);
        assert_eq!(id(&root.detect()), None);
        assert_eq!(id(&Root::with(&[]).detect()), None);
    }
}
