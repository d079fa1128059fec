// Room: conformance. The reports of several runtimes about one configuration, compared.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "diff_explained.hpp"
#include "value.hpp"
#include "verdict.hpp"

namespace cleat::conformance {

/// A fact that is not the same for all runtimes; the judged one's value is the first.
struct Difference {
    enum class Kind { Unexplained, Explained, PeersDisagree };
    Kind kind = Kind::Unexplained;
    std::string fact;
    std::vector<std::string> values;
    std::vector<const Explained*> reasons = {};
};

/// All differences. Unexplained: the judged runtime differs from a peer whose value no row of the
/// table explains, and the peers without an explanation agree or it equals none of them.
[[nodiscard]] std::vector<Difference> differences(const std::vector<Judged>& runtimes,
                                                  const std::vector<Value>& reports);

/// The facts of a report by path.
[[nodiscard]] std::map<std::string, std::string> flattened(const Value& report);

}  // namespace cleat::conformance
