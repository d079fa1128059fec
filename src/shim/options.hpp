// Room: shim. What a request's options say of the runtime: containerd.runc.v1.Options, or what the
// CRI sends for every runtime that is not runc's, runtimeoptions.v1.Options; and what those of a
// checkpoint say. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cleat/lifecycle/criu.hpp"
#include "messages.hpp"
#include "status.hpp"

namespace cleat::shim {

struct RuntimeOptions {
    std::string root;
    std::string shim_cgroup;
    std::uint32_t io_uid = 0;
    std::uint32_t io_gid = 0;
    bool no_pivot_root = false;
    bool no_new_keyring = false;
    bool systemd_cgroup = false;
    std::string binary_name;  ///< of another runtime, which is not asked
    std::string criu_work_path;
    std::string config_path;  ///< of a file with the rest, to be read with read_table()
};

/// Options of another type are an error, as something that is asked for would be left undone.
[[nodiscard]] std::expected<RuntimeOptions, Status> read_options(const Any& options);
/// containerd.runc.v1.CheckpointOptions. Without one that says `exit` the container runs on.
[[nodiscard]] std::expected<lifecycle::CheckpointOptions, Status> read_checkpoint_options(
    const Any& options);
/// `key = value` lines of the CRI's table of options, as containerd writes it (toml.io): texts,
/// numbers and booleans.
[[nodiscard]] std::expected<void, Status> read_table(std::string_view toml,
                                                     RuntimeOptions& options);

}  // namespace cleat::shim
