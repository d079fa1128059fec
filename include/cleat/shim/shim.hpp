// Room: shim (layer 5). cleat as containerd's own shim: one process for each pod, which has the
// containers made, is their parent, and answers containerd's task service.
#pragma once

#include <string_view>

#include "cleat/lifecycle/lifecycle.hpp"

namespace cleat::shim {

/// Whether the program was called by a name that containerd calls shims by.
[[nodiscard]] bool is_name_of_shim(std::string_view argv0) noexcept;

/// The exit status of `containerd-shim-NAME-v2 …`. What this build can do is asked if it is to be
/// told.
[[nodiscard]] int run(int argc, char** argv, lifecycle::Build (*build)());

}  // namespace cleat::shim
