// Room: lifecycle (layer 4). checkpoint and restore: a container's processes to files, and from
// files to a container, by criu(8).
#pragma once

#include <optional>
#include <string>

#include "cleat/base/error.hpp"
#include "cleat/base/ids.hpp"
#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::lifecycle {

/// What both have: where the images are, and what CRIU shall see and overlook.
struct CriuOptions {
    std::string image_path = "checkpoint";
    std::string work_path;  ///< for logs; empty: with the images
    std::string manage_cgroups_mode = "soft";
    std::string empty_ns;      ///< "network"
    std::string network_lock;  ///< "iptables", "nftables", "skip"; empty: as CRIU likes
    bool tcp_established = false;
    bool ext_unix_sk = false;
    bool shell_job = false;
    bool file_locks = false;
    bool auto_dedup = false;
    bool lazy_pages = false;
};

struct CheckpointOptions {
    CriuOptions criu;
    std::string parent_path;  ///< of the images of a pre-dump, from the image path
    std::string page_server;  ///< ADDRESS:PORT
    std::optional<std::uint32_t> status_fd;
    bool leave_running = false;
    bool pre_dump = false;
    bool tcp_skip_in_flight = false;
    bool link_remap = false;
};

struct RestoreOptions {
    CriuOptions criu;
    std::string lsm_profile;
    std::string lsm_mount_context;
    bool tcp_close = false;
    bool detach = false;
};

/// Dumps a running container, and deletes it unless it is left running (or was only pre-dumped).
[[nodiscard]] Result<void> checkpoint(const Settings& settings, const ContainerId& id,
                                      const CheckpointOptions& options);
/// Makes a container of what checkpoint() has written. The exit status, as run() gives it.
[[nodiscard]] Result<int> restore(const Settings& settings, const CreateOptions& create,
                                  const RestoreOptions& options);
/// The same for a caller who stays near; `detach` has no meaning.
[[nodiscard]] Result<Newborn> restore_near(const Settings& settings, const CreateOptions& create,
                                           const RestoreOptions& options);
/// Whether this host has what both need.
[[nodiscard]] bool can_checkpoint();

}  // namespace cleat::lifecycle
