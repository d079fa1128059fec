// Room: conformance. Runs cases, several at a time. A worker that does not come to an end is
// killed; what it leaves becomes this process's child, and is killed too.
#include "schedule.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "call.hpp"
#include "cleat/base/text.hpp"
#include "cleat/sys/files.hpp"
#include "interruption.hpp"
#include "part.hpp"
#include "stage.hpp"

namespace cleat::conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A case makes many calls; that many times the limit of one is time enough for any.
constexpr int kCalls = 12;
constexpr milliseconds kLook{5};

Verdict verdict_of(const std::string& output, std::optional<int> status) {
    const auto told = parse(output);
    if (!told)
        return {.expected = "the case comes to an end",
                .seen = concat("its process ended with ", status.value_or(-1))};
    const std::string reason = text_at(*told, "reason");
    if (!reason.empty()) return {.kind = Verdict::Kind::Skipped, .reason = reason};
    const Value* const passed = at(*told, "passed");
    const Value* const time = at(*told, "ms");
    const bool good = passed != nullptr && passed->boolean;
    return {
        .kind = good ? Verdict::Kind::Passed : Verdict::Kind::Failed,
        .reason = {},
        .expected = text_at(*told, "expected"),
        .seen = text_at(*told, "seen"),
        .milliseconds = time == nullptr ? 0 : static_cast<std::int64_t>(time->unsigned_integer)};
}

/// Four digits: no name begins with another one.
std::string padded(std::size_t number) {
    const std::string digits = concat(number);
    return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

}  // namespace

Schedule::Schedule(Settings settings, std::vector<Row>& rows)
    : settings_(std::move(settings)), rows_(rows) {}

Result<void> Schedule::start(std::size_t row, const Judged& runtime, const Circumstances& known) {
    const Case& test = *rows_[row].test;
    Running one{.row = row,
                .pid = 0,
                .name = concat("cleat-conformance-", ::getpid(), "-", padded(++made_)),
                .output = TRY(file_with("")),
                .begin = steady_clock::now()};
    const std::string directory = concat(settings_.directory, "/", padded(made_));
    one.pid = TRY(children_.start(
        {.words = {"/proc/self/exe", kPart, "case", test.id, runtime.path, directory,
                   settings_.probe, one.name, concat(settings_.limit.count()), known.spec,
                   dump(known.features)},
         .out = one.output.get(),
         .err = STDERR_FILENO}));
    running_.push_back(std::move(one));
    return {};
}

void Schedule::clean_up(const Running& one) {
    std::vector<pid_t> spared;
    for (const auto& other : running_)
        if (other.pid != one.pid) spared.push_back(other.pid);
    children_.sweep(spared);
    cgroups_.sweep("/" + one.name);
    remove_tree(concat(settings_.directory, "/", one.name.substr(one.name.rfind('-') + 1)));
}

void Schedule::finish(Running& one, Verdict verdict) {
    clean_up(one);
    rows_[one.row].verdicts.push_back(std::move(verdict));
    ++done_;
}

void Schedule::collect() {
    for (auto& one : running_) {
        const auto status = children_.status_of(one.pid);
        if (status) {
            ::lseek(one.output.get(), 0, SEEK_SET);
            finish(one, verdict_of(sys::read_all(one.output.get()).value_or(""), status));
        } else if (steady_clock::now() - one.begin > settings_.limit * kCalls) {
            children_.kill(one.pid);
            finish(one,
                   {.expected = concat("an end within ", (settings_.limit * kCalls).count(), " s"),
                    .seen = "no end"});
        } else {
            continue;
        }
        one.pid = 0;
    }
    std::erase_if(running_, [](const Running& one) { return one.pid == 0; });
}

Result<void> Schedule::run(const Judged& runtime, const Circumstances& known) {
    const Interruption interruption;
    done_ = 0;
    for (std::size_t next = 0; next < rows_.size() || !running_.empty();) {
        if (interruption.came()) {
            for (auto& one : running_) children_.kill(one.pid);
            for (auto& one : running_) clean_up(one);
            return fail(ErrorKind::System, "ended by a signal");
        }
        if (next < rows_.size() && running_.size() < settings_.parallel) {
            Row& row = rows_[next];
            settings_.progress(done_, rows_.size(), concat(runtime.name, " ", row.test->id));
            const auto reason = unmet(row.test->needs, known);
            if (reason.empty()) {
                TRY(start(next, runtime, known));
            } else {
                row.verdicts.push_back({.kind = Verdict::Kind::Skipped, .reason = reason});
                ++done_;
            }
            ++next;
            continue;
        }
        if (!running_.empty()) static_cast<void>(children_.wait(running_.front().pid, kLook));
        collect();
    }
    settings_.progress(done_, rows_.size(), "");
    return {};
}

}  // namespace cleat::conformance
