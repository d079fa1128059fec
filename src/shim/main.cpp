// Room: shim. The program by its other name: from argv to the exit status.
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "cleat/base/text.hpp"
#include "cleat/shim/shim.hpp"
#include "cleat/sys/files.hpp"
#include "log.hpp"
#include "start.hpp"

namespace cleat::shim {
namespace {

Result<std::string> version_of(std::string_view name, const lifecycle::Build& build) {
    return concat(name, ":\n  Version:  ", build.version, "\n  Revision: ", build.commit, "\n");
}

Result<std::string> info_of(const lifecycle::Build& build) {
    const auto options = TRY(sys::read_all(STDIN_FILENO));
    const auto features = lifecycle::features_json(build);
    return write_info({.version = build.version,
                       .revision = build.commit,
                       .features = features,
                       .options = options});
}

Result<std::string> act(std::vector<std::string_view> words, char** argv,
                        lifecycle::Build (*build)()) {
    const auto name = words[0];
    words.erase(words.begin());
    const auto arguments = TRY(read_arguments(words));
    if (arguments.version) return version_of(name, build());
    if (arguments.info) return info_of(build());
    if (arguments.name_space.empty())
        return fail(ErrorKind::InvalidArgument, "shim namespace cannot be empty");
    if (arguments.action == "delete") return remove(arguments);
    if (arguments.action == "start") return start(name, arguments);
    if (arguments.action != "serve")
        return fail(ErrorKind::InvalidArgument,
                    concat("no such action: ", quoted(arguments.action)));
    TRY(serve(argv, arguments));
    return std::string();
}

}  // namespace

bool is_name_of_shim(std::string_view argv0) noexcept {
    const auto slash = argv0.rfind('/');
    if (slash != std::string_view::npos) argv0.remove_prefix(slash + 1);
    return argv0.starts_with("containerd-shim-");
}

int run(int argc, char** argv, lifecycle::Build (*build)()) {
    log_to_stderr();
    const auto output = act(std::vector<std::string_view>(argv, argv + argc), argv, build);
    const auto printed = output ? sys::write_all(STDOUT_FILENO, *output)
                                : Result<void>(std::unexpected(output.error()));
    if (printed) return 0;
    static_cast<void>(
        sys::write_all(STDERR_FILENO, concat(argv[0], ": ", describe(printed.error()), "\n")));
    return 1;
}

}  // namespace cleat::shim
