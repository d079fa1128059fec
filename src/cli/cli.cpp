// Room: cli. The program: from argv to the exit status, in the host process.
#include "cli.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cleat/base/text.hpp"
#include "cleat/launch/launch.hpp"
#include "cleat/spec/decode.hpp"
#include "cleat/sys/heap.hpp"
#include "commands.hpp"
#include "environment.hpp"
#include "log.hpp"
#include "output.hpp"
#include "parse.hpp"
#include "version.hpp"

namespace cleat::cli {
namespace {

constexpr std::size_t kHeapOfPlan = std::size_t{192} << 10U;  // and of a config
constexpr int kFailure = 1;
constexpr int kNotJudged = 2;     // validate, audit and conformance, whose 1 is a verdict
constexpr int kOwnFailure = 255;  // what the process in the container would hardly choose

std::string version_text() {
    return concat("cleat version ", kVersion, "\ncommit: ", kCommit, "\nspec: ", spec::kOciVersion,
                  "\nlibseccomp: ", kLibseccompVersion, "\n");
}

int show(const std::string& text) {
    const auto shown = print(text);
    if (shown) return 0;
    report(shown.error(), "");
    return kFailure;
}

/// The descriptors to pass on are looked at before cleat opens its own; the log is opened in the
/// sealed process image, which can be a new one.
Result<int> prepare_and_carry_out(const Globals& globals, const Arguments& arguments, char** argv) {
    TRY(check_inherited(inherited_by(arguments)));
    if (enters_container(arguments)) {
        sys::stock_heap(kHeapOfPlan);
        TRY(launch::seal_own_executable(argv));
    }
    TRY(open_log());
    return carry_out(globals, arguments);
}

bool judges(std::string_view command) {
    return command == "validate" || command == "audit" || command == "conformance";
}

int failure_of(std::string_view command) {
    if (command == "exec" || command == "wait") return kOwnFailure;
    return judges(command) ? kNotJudged : kFailure;
}

int run_command(const Globals& globals, const std::vector<std::string>& rest, char** argv) {
    const auto arguments = parse_command(rest);
    if (!arguments) {
        report(arguments.error(), rest[0]);
        return judges(rest[0]) ? kNotJudged : kFailure;
    }
    const auto status = prepare_and_carry_out(globals, *arguments, argv);
    if (status) return *status;
    report(status.error(), subject_of(rest[0], *arguments));
    return failure_of(rest[0]);
}

}  // namespace

lifecycle::Build build() {
    return {.version = kVersion,
            .commit = kCommit,
            .libseccomp = kLibseccompVersion,
            .checkpoint = lifecycle::can_checkpoint()};
}

int run(int argc, char** argv) {
    set_up_log({});
    const auto beginning = parse_globals(std::vector<std::string>(argv + 1, argv + argc));
    if (!beginning) {
        report(beginning.error(), "");
        return kFailure;
    }
    set_up_log(beginning->globals);
    if (!beginning->help.empty()) return show(beginning->help);
    if (beginning->version) return show(version_text());
    return run_command(beginning->globals, beginning->rest, argv);
}

}  // namespace cleat::cli
