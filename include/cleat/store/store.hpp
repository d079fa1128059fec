// Room: store (layer 2). The state directory: ROOT/ID/ holds state.json, a copy of config.json,
// the start socket and, before anything else, intent.json. The directory's creation is the lock on
// the id. Files are 0600, directories 0700 (the root 0711).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/sys/fd.hpp"
#include "cleat/sys/process.hpp"

namespace cleat::store {

/// A cgroup directory as it is kept (mountpoint and path, see plan::CgroupDirectory).
struct KeptCgroup {
    std::vector<std::string> controllers;
    std::string mountpoint;
    std::string path;
    bool unified = false;
};

/// The systemd unit of a container; without a name there is none.
struct KeptScope {
    std::string unit;
    bool of_user = false;  ///< of a user's own systemd
};

/// The groups in a resctrl file system as they are kept (see plan::RdtPlace).
struct KeptRdt {
    std::string group;
    std::string monitor;
    bool of_container = false;
};

/// A mount in the runtime's mount namespace: its mount point and its id (statx(2), STATX_MNT_ID).
struct KeptMount {
    std::string path;
    std::uint64_t id = 0;
};

/// What must be known to undo a create that died: written before the first lasting effect.
struct Intent {
    sys::ProcessIdentity creator;
    std::string boot = {};  ///< sys::boot_id() then: processes of another boot are all gone
    KeptScope scope = {};
    std::vector<KeptCgroup> cgroups;
    KeptRdt rdt = {};
    KeptMount covered_mount =
        {};  ///< that the root of a container without a mount namespace covers
};

/// state.json: all that state, start, kill and delete need, so that they never read config.json.
struct State {
    std::string oci_version;
    std::string id;
    sys::ProcessIdentity init;
    std::string boot = {};  ///< as in Intent
    std::string bundle;
    std::string rootfs;
    std::string created;  ///< RFC 3339 with nanoseconds, UTC
    std::map<std::string, std::string> annotations;
    std::uint32_t owner = 0;    ///< uid of the creator
    std::string cgroup_driver;  ///< "cgroupfs", "systemd", "disabled"
    KeptScope scope = {};
    std::vector<KeptCgroup> cgroups;
    KeptRdt rdt = {};
    KeptMount root_mount = {};           ///< of a container without a mount namespace
    bool lacks_process = false;          ///< config.json has none: there is nothing to start
    bool has_own_pid_namespace = false;  ///< made for it: its processes die with its init
    bool has_poststart_hooks = false;
    bool has_poststop_hooks = false;
};

/// The directory of one container, held open.
class Entry {
 public:
    [[nodiscard]] int fd() const noexcept { return directory_.get(); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] Result<void> write_intent(const Intent& intent) const;
    /// Of another boot there is no creator, whoever has its pid and start time now.
    [[nodiscard]] Result<Intent> read_intent() const;
    [[nodiscard]] Result<void> write_state(const State& state) const;
    /// The same in two steps: what is staged is not there for anybody until it is published.
    [[nodiscard]] Result<void> stage_state(const State& state) const;
    [[nodiscard]] Result<void> publish_state() const;
    /// Of another boot there is no init, whoever has its pid and start time now.
    /// Errors: NotFound with "container does not exist" if it is not there (yet), InvalidConfig if
    /// it is damaged.
    [[nodiscard]] Result<State> read_state() const;
    [[nodiscard]] Result<void> write_config(std::string_view text) const;
    [[nodiscard]] Result<std::string> read_config() const;

 private:
    friend class Store;
    Entry(sys::Fd directory, std::string path)
        : directory_(std::move(directory)), path_(std::move(path)) {}
    sys::Fd directory_;
    std::string path_;
};

class Store {
 public:
    /// `root` need not exist yet; reserve() makes it.
    explicit Store(std::string root) : root_(std::move(root)) {}
    /// Takes the id. Errors: Exists, "container with given ID already exists".
    [[nodiscard]] Result<Entry> reserve(const ContainerId& id) const;
    /// Errors: NotFound, "container does not exist".
    [[nodiscard]] Result<Entry> find(const ContainerId& id) const;
    /// Removes the directory and what is in it; not being there is fine.
    [[nodiscard]] Result<void> remove(const ContainerId& id) const;
    /// The same, but what another call has put in the entry's place meanwhile stays.
    [[nodiscard]] Result<void> discard(const ContainerId& id, const Entry& entry) const;
    /// The ids, sorted; a root that does not exist has none.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

 private:
    std::string root_;
};

inline constexpr const char* kStartSocket = "start.sock";

}  // namespace cleat::store
