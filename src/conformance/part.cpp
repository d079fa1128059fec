// Room: conformance. Which part of a case this process plays.
#include "part.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "cleat/conformance/conformance.hpp"
#include "cleat/sys/files.hpp"
#include "worker.hpp"

namespace cleat::conformance {
namespace {

constexpr int kUnknown = 64;

struct Kind {
    std::string_view name;
    int flag;
};
constexpr Kind kKinds[] = {{"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},
                           {"uts", CLONE_NEWUTS},   {"mnt", CLONE_NEWNS},
                           {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}};

}  // namespace

int hold(const std::vector<std::string>& names) {
    for (const auto& name : names)
        for (const auto& kind : kKinds)
            if (kind.name == name && ::unshare(kind.flag) != 0) {
                static_cast<void>(sys::write_all(STDOUT_FILENO, errno_name(errno)));
                return 1;
            }
    static_cast<void>(sys::write_all(STDOUT_FILENO, "ready"));
    while (::pause() != 0) continue;
    return 0;
}

bool is_part(int argc, char** argv) noexcept {
    return argc > 2 && std::string_view(argv[1]) == kPart;
}

int play_part(int argc, char** argv) {
    const std::vector<std::string> arguments(argv, argv + argc);
    const std::vector<std::string> words(arguments.begin() + 3, arguments.end());
    if (arguments[2] == "probe") return probe(words, arguments);
    if (arguments[2] == "hook") return hook(words);
    if (arguments[2] == "hold") return hold(words);
    if (arguments[2] == "case") return work(words);
    return kUnknown;
}

}  // namespace cleat::conformance
