// Room: conformance. What came of a case, and of all.
#pragma once

#include <string>
#include <vector>

#include "case.hpp"
#include "cleat/conformance/conformance.hpp"

namespace cleat::conformance {

struct Verdict {
    enum class Kind { Passed, Failed, Skipped } kind = Kind::Failed;
    std::string reason = {};    ///< why it was skipped
    std::string expected = {};  ///< what it failed on
    std::string seen = {};
    std::int64_t milliseconds = 0;
};

/// A case with its subject, and what each runtime made of it.
struct Row {
    const Subject* subject = nullptr;
    const Case* test = nullptr;
    bool known = false;  ///< that it fails is known, and breaks nothing
    std::vector<Verdict> verdicts;
};

/// A runtime as it is called, and its name for the report.
struct Judged {
    std::string path;
    std::string name;     ///< the last part of the path
    std::string version;  ///< the first line of --version
};

/// Whether a MUST was broken.
[[nodiscard]] bool breaks(const Row& row, const Verdict& verdict) noexcept;

/// How many of a runtime's verdicts are of a kind.
struct Tally {
    std::size_t passed = 0, broken_must = 0, broken_should = 0, skipped = 0, known = 0;
};
[[nodiscard]] Tally tally(const std::vector<Row>& rows, std::size_t runtime);
/// "120 passed, 2 MUST broken, …"
[[nodiscard]] std::string counts(const Tally& tally);

}  // namespace cleat::conformance
