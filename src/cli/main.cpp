// Room: cli. The entry of the program, in whatever state the caller has left the process.
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

#include "cleat/conformance/conformance.hpp"
#include "cleat/shim/shim.hpp"
#include "cleat/sys/heap.hpp"
#include "cleat/sys/image.hpp"
#include "cli.hpp"

namespace {

#ifdef CLEAT_TEXT_IN_ORDER
// Of the linker (end(3)): where the program begins, where the functions begin and end that
// src/cli/hot.ld puts together, and the ends of the text and of the data.
extern "C" {
// NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name
extern const char __executable_start;
extern const char cleat_children_begin;
extern const char cleat_children_end;
extern const char cleat_warm_end;
extern const char etext;
extern const char edata;
}

void name_working_image() {
    cleat::sys::set_working_image({.text = {&__executable_start, &cleat_warm_end},
                                   .text_of_children = {&cleat_children_begin, &cleat_children_end},
                                   .constants = {&etext, &edata}});
}
#else
void name_working_image() {}
#endif

}  // namespace

int main(int argc, char** argv) {
    constexpr int kRefused = 1;
    constexpr mode_t kUmask = 022;
    constexpr std::size_t kHeap = std::size_t{32} << 10U;  // what a `state` takes
    // With a set-user-ID bit or file capabilities, the command line of an unprivileged caller would
    // have the privileges of the file. So this check precedes every mode of the program.
    if (::getauxval(AT_SECURE) != 0) {
        constexpr std::string_view kText = "cleat: refuses to run set-user-ID\n";
        static_cast<void>(::write(STDERR_FILENO, kText.data(), kText.size()) < 0);
        return kRefused;
    }
    // Before the process is changed: the probe reports the state in which a runtime left it.
    if (cleat::conformance::is_part(argc, argv)) return cleat::conformance::play_part(argc, argv);
    // Not the caller's: what init makes in the root must be as open as its mode says, and hooks
    // inherit it. What is private (the state directory) has narrow modes of its own.
    ::umask(kUmask);
    if (cleat::shim::is_name_of_shim(argc > 0 ? argv[0] : ""))
        return cleat::shim::run(argc, argv, cleat::cli::build);
    cleat::sys::shape_heap();
    cleat::sys::stock_heap(kHeap);
    cleat::sys::stock_stack();
    name_working_image();
    return cleat::cli::run(argc, argv);
}
