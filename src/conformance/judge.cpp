// Room: conformance. All cases on all runtimes: who is asked, and what is reported.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "cleat/base/text.hpp"
#include "cleat/conformance/conformance.hpp"
#include "cleat/sys/files.hpp"
#include "facts.hpp"
#include "report.hpp"
#include "schedule.hpp"
#include "stage.hpp"
#include "workshop.hpp"

namespace cleat::conformance {
namespace {

constexpr mode_t kReport = 0644;

bool chosen(const Options& options, const Subject& subject, const Case& test) {
    if (options.suite != "all" && options.suite != subject.suite) return false;
    return options.filter.empty() ||
           std::string_view(test.id).find(options.filter) != std::string_view::npos ||
           std::string_view(test.clause).find(options.filter) != std::string_view::npos;
}

Result<std::vector<Row>> rows_of(const Options& options) {
    for (const auto& known : options.known)
        if (find_case(known) == nullptr)
            return fail(ErrorKind::InvalidArgument, concat("no case is named ", quoted(known)));
    std::vector<Row> rows;
    for (const auto& subject : subjects())
        for (const auto& test : subject.cases)
            if (chosen(options, subject, test))
                rows.push_back(
                    {.subject = &subject,
                     .test = &test,
                     .known = std::ranges::find(options.known, test.id) != options.known.end(),
                     .verdicts = {}});
    if (rows.empty()) return fail(ErrorKind::InvalidArgument, "no case is chosen (see --list)");
    return rows;
}

Result<void> print(const Options& options, const std::string& report) {
    if (options.file.empty()) return sys::write_all(STDOUT_FILENO, report);
    return sys::replace_file_at(sys::kHere, options.file.c_str(), report, kReport);
}

std::string report_of(const Options& options, const std::vector<Judged>& runtimes,
                      const std::vector<Row>& rows) {
    if (options.format == Format::JUnit) return junit(runtimes, rows);
    if (options.format == Format::Html) return html(runtimes, rows);
    return tap(runtimes, rows);
}

}  // namespace

Result<bool> judge(const Options& options) {
    auto rows = TRY(rows_of(options));
    if (options.runtimes.empty())
        return fail(ErrorKind::InvalidArgument, "no runtime is named (--runtime PATH)");
    std::vector<Judged> runtimes;
    for (const auto& name : options.runtimes) runtimes.push_back(TRY(look_at(name)));
    name_apart(runtimes);
    // Better told now than in the end.
    if (!options.file.empty()) TRY(print(options, ""));
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const auto workshop = TRY(Workshop::make());
    Circumstances known{.host = facts({}), .cgroups = Cgroups::look(), .features = {}, .spec = {}};
    Schedule schedule({.directory = workshop.path(),
                       .probe = workshop.probe(),
                       .parallel = options.parallel,
                       .limit = options.limit,
                       .progress = show_progress},
                      rows);
    for (const auto& runtime : runtimes) {
        known.features = Value{};
        known.spec.clear();
        ask(runtime.path, known);
        TRY(schedule.run(runtime, known));
    }
    TRY(print(options, report_of(options, runtimes, rows)));
    return std::ranges::none_of(rows, [](const Row& row) {
        return std::ranges::any_of(row.verdicts,
                                   [&](const Verdict& one) { return breaks(row, one); });
    });
}

Result<std::string> list_cases(const Options& options) {
    std::string out;
    for (const auto& row : TRY(rows_of(options)))
        out += concat(row.test->id, "\t", name_of(row.test->level), "\t", row.test->clause, "\t",
                      row.test->title, "\n");
    return out;
}

}  // namespace cleat::conformance
