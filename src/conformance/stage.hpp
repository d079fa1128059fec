// Room: conformance. Where one case is played: its directory, its bundle and its names.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "call.hpp"
#include "case.hpp"
#include "needs.hpp"
#include "value.hpp"

namespace cleat::conformance {

/// What a runtime did not do. Both are for people.
struct Broken {
    std::string expected;
    std::string seen;
};
/// Nothing, or what is wrong.
using Outcome = std::optional<Broken>;

struct Stage {
    const Case* subject = nullptr;
    std::string runtime;
    std::string directory;  ///< of this case alone
    std::string probe;      ///< this program, at a path of the host
    std::string id;         ///< the container's name, and the beginning of its cgroup's
    std::chrono::milliseconds limit{};
    Circumstances known;

    Children children = {};
    Value config = {};
    Value seen = {};  ///< what expectations are about: set by most verbs
    Ended last = {};
    pid_t pid = 0;                                  ///< of the container's init
    std::map<std::string, std::string> names = {};  ///< what a script remembers
    std::vector<std::string> made = {};             ///< ids that were given to create
    std::vector<std::string> around = {};  ///< words before the runtime's, "under" in part.cpp
    pid_t begun = 0;                       ///< a call that was begun and not awaited
    std::size_t mounts = 0;                ///< how many there are that the case knows of
    std::string refused = {};              ///< how the runtime refused what it need not support
    sys::Fd terminal = {};
    sys::Fd socket = {};

    [[nodiscard]] std::string path(std::string_view name) const;
    [[nodiscard]] std::string bundle() const { return path("bundle"); }
    [[nodiscard]] std::string rootfs() const { return path("bundle/rootfs"); }
    [[nodiscard]] std::string state_root() const { return path("state"); }
    [[nodiscard]] std::string cgroup() const { return "/" + id; }
    /// What the container has printed so far.
    [[nodiscard]] std::string output() const;

    /// `$NAME`, `$HOST(path)`, `$HOOK(name acts)` and `$INSIDE(name acts)` in a text replaced.
    [[nodiscard]] std::string filled(std::string_view text) const;
    /// The directory, a root file system with the probe in it, and config.json.
    [[nodiscard]] Result<void> set_up();
    [[nodiscard]] Result<void> write_config() const;
    /// RUNTIME --root … with these words.
    [[nodiscard]] Result<void> call_runtime(std::vector<std::string> words, Call call = {});
    /// The words of such a call.
    [[nodiscard]] std::vector<std::string> command(std::vector<std::string> words) const;
    /// "exit 1: its error".
    [[nodiscard]] std::string last_words() const;
};

/// config.json before any patch, with $NAMES in it.
[[nodiscard]] const char* default_config() noexcept;
/// What is different for a user without privileges.
[[nodiscard]] const char* rootless_patch() noexcept;

/// How many mounts there are in this namespace.
[[nodiscard]] std::size_t count_mounts();

/// Removes a directory and all in it; what cannot be removed stays.
void remove_tree(const std::string& directory);

}  // namespace cleat::conformance
