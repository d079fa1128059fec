// Room: validate. What a schema says about places: which members there are, which words a value may
// be, and which section of the specification explains it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cleat/spec/document.hpp"

namespace cleat::validate {

/// A member that no table and no schema knows.
struct Unknown {
    std::string pointer;
    std::size_t offset = 0;
    std::string similar;  ///< the known member that may have been meant, or ""
};

class Outline {
 public:
    explicit Outline(std::string_view schema);

    /// "config.md#process": of the place that `pointer` names, or the nearest one around it.
    [[nodiscard]] std::string section_of(std::string_view pointer) const;
    /// The words that a value may be there; none if it may be anything.
    [[nodiscard]] std::vector<std::string_view> words_at(std::string_view pointer) const;
    /// "an integer": the type of a value there.
    [[nodiscard]] std::string_view type_at(std::string_view pointer) const;
    /// The bounds of a number there: "0 to 7", "1 or more".
    [[nodiscard]] std::string range_at(std::string_view pointer) const;
    [[nodiscard]] std::vector<Unknown> unknown_in(const spec::Node& root) const;

 private:
    /// A place in the schema: what describes it, and the section that holds it.
    struct Spot {
        const spec::Node* schema = nullptr;
        std::string_view section = {};
    };
    [[nodiscard]] Spot enter(const spec::Node& schema, std::string_view section) const;
    [[nodiscard]] Spot step(const Spot& from, std::string_view token) const;
    [[nodiscard]] Spot walk(std::string_view pointer) const;
    void search(const spec::Node& node, const Spot& spot, const std::string& pointer,
                std::vector<Unknown>& found) const;

    spec::Document document_;
};

}  // namespace cleat::validate
