// Room: shim. The command line by which containerd calls a shim, and what it has on its standard
// input. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/base/error.hpp"
#include "messages.hpp"

namespace cleat::shim {

struct Arguments {
    std::string name_space;
    std::string id;
    std::string address;  ///< of containerd's GRPC socket
    std::string bundle;
    std::string_view action;    ///< "start", "delete", "serve" or none: the word that was given
    std::string socket;         ///< of `serve`: where it listens
    std::string ttrpc_address;  ///< of `serve`: containerd's, for events
    bool debug = false;
    bool version = false;
    bool info = false;
};
/// As Go's flag package reads them: one dash or two, the value behind a space or "=", and what
/// follows the first word without a dash is no flag. Errors: InvalidArgument.
[[nodiscard]] Result<Arguments> read_arguments(const std::vector<std::string_view>& words);

/// What `start` is told beyond that.
struct Bootstrap {
    bool modern = false;  ///< it came as BootstrapParams, and so goes the answer
    Any options;          ///< of the runtime, from older versions
    std::string ttrpc_address;
    std::string socket_directory;
};
[[nodiscard]] Bootstrap read_bootstrap(std::string_view bytes, const Arguments& arguments);
/// What `start` prints: the address alone, or a BootstrapResult.
[[nodiscard]] std::string write_bootstrap(std::string_view address, const Bootstrap& bootstrap);

/// containerd.types.RuntimeInfo. `options` is what -info got on its standard input.
struct Info {
    std::string_view version;
    std::string_view revision;
    std::string_view features;  ///< JSON
    std::string_view options;
};
[[nodiscard]] std::string write_info(const Info& info);

}  // namespace cleat::shim
