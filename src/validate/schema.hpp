// Room: validate. A document against a JSON Schema (draft 7).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cleat/spec/document.hpp"

namespace cleat::validate {

/// One keyword of the schema that a value does not satisfy. `pointer` names the value, or the
/// member that is missing.
struct Breach {
    enum class Kind { Type, Words, Missing, Range, Length, Other } kind = Kind::Other;
    std::string pointer;
    std::string what;  ///< the library's words
};

/// A compiled schema. Its text is ours: a mistake in it is a fault of cleat.
class Schema {
 public:
    explicit Schema(std::string_view text);
    Schema(const Schema&) = delete;
    Schema& operator=(const Schema&) = delete;
    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;
    ~Schema();

    /// Why the schema itself could not be used; "" if it could.
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
    [[nodiscard]] std::vector<Breach> breaches(const spec::Node& root) const;

 private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
    std::string fault_;
};

}  // namespace cleat::validate
