// Room: conformance. Starts a process for each runtime that runs one configuration, and collects
// the reports.
#include <unistd.h>

#include "call.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "diff_run.hpp"
#include "part.hpp"
#include "stage.hpp"

namespace cleat::conformance {
namespace {

/// A run makes some calls; this many times the limit of one is enough.
constexpr int kCalls = 8;

std::string padded(std::size_t number) {
    const std::string digits = concat(number);
    return std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
}

}  // namespace

Value choices_json(const std::vector<Chosen>& choices) {
    Value out = array();
    for (const auto& one : choices) {
        Value entry = object();
        put(entry, "name", text(one.name));
        put(entry, "patch", text(one.patch));
        put(entry, "run", text(one.run));
        append(out, std::move(entry));
    }
    return out;
}

Result<Runner::Running> Runner::start(const Judged& runtime, const std::string& choices) {
    Running one{.name = concat("cleat-diff-", ::getpid(), "-", padded(++made_)),
                .directory = concat(settings_.directory, "/", padded(made_)),
                .output = TRY(file_with(""))};
    one.pid = TRY(children_.start(
        {.words = {"/proc/self/exe", kPart, "diff", runtime.path, one.directory, settings_.probe,
                   one.name, concat(settings_.limit.count()), choices},
         .out = one.output.get(),
         .err = STDERR_FILENO}));
    return one;
}

Value Runner::finish(const Running& one) {
    const auto status = children_.wait(one.pid, settings_.limit * kCalls);
    if (!status) children_.kill(one.pid);
    ::lseek(one.output.get(), 0, SEEK_SET);
    auto report = parse(sys::read_all(one.output.get()).value_or(""));
    if (report) return *std::move(report);
    Value out = object();
    put(out, "outcome", text(status ? "the run ends without a report" : "the run does not end"));
    return out;
}

Result<std::vector<Value>> Runner::run(const std::vector<Chosen>& choices) {
    const std::string words = dump(choices_json(choices));
    std::vector<Running> running;
    for (const auto& runtime : settings_.runtimes) running.push_back(TRY(start(runtime, words)));
    std::vector<Value> out;
    for (const auto& one : running) out.push_back(finish(one));
    children_.sweep({});
    for (const auto& one : running) {
        cgroups_.sweep("/" + one.name);
        remove_tree(one.directory);
    }
    return out;
}

}  // namespace cleat::conformance
