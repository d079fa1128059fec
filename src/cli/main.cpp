// Room: cli. The entry of the program, in whatever state the caller has left the process.
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "cleat/conformance/conformance.hpp"
#include "cleat/shim/shim.hpp"
#include "cli.hpp"

int main(int argc, char** argv) {
    constexpr int kRefused = 1;
    constexpr mode_t kUmask = 022;
    constexpr int kHeapStep = 1 << 20;
    constexpr int kHeapKept = 1 << 30;
    // Before anything of the process is changed: the probe tells how a runtime has left it.
    if (cleat::conformance::is_part(argc, argv)) return cleat::conformance::play_part(argc, argv);
    // Set-user-ID or file capabilities would give a stranger's command line our privileges.
    if (::getauxval(AT_SECURE) != 0) {
        constexpr std::string_view kText = "cleat: refuses to run set-user-ID\n";
        static_cast<void>(::write(STDERR_FILENO, kText.data(), kText.size()) < 0);
        return kRefused;
    }
    // Not the caller's: what init makes in the root must be as open as its mode says, and hooks
    // inherit it. What is private (the state directory) has narrow modes of its own.
    ::umask(kUmask);
    if (cleat::shim::is_name_of_shim(argc > 0 ? argv[0] : ""))
        return cleat::shim::run(argc, argv, cleat::cli::build());
    // The heap grows once and never shrinks: neither this process nor init lives for long. What is
    // large comes from it, too, and not from a mapping of its own.
    ::mallopt(M_TOP_PAD, kHeapStep);
    ::mallopt(M_TRIM_THRESHOLD, kHeapKept);
    ::mallopt(M_MMAP_THRESHOLD, kHeapStep);
    return cleat::cli::run(argc, argv);
}
