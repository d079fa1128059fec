// Room: plan. JSON text by hand: plans are written, never read, so this is all that is needed.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cleat/base/ids.hpp"
#include "cleat/base/text.hpp"
#include "cleat/plan/steps.hpp"

namespace cleat::plan {

/// A JSON value as text.
struct Json {
    std::string text;

    Json(std::string_view value) : text(quoted(value)) {}
    Json(const std::string& value) : text(quoted(value)) {}
    Json(const char* value) : text(quoted(value)) {}
    template <std::same_as<bool> T>
    Json(T value) : text(value ? "true" : "false") {}
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Json(T value) : text(concat(value)) {}
    Json(Slot slot) : Json(slot.index) {}
    Json(Uid uid) : Json(uid.value) {}
    Json(Gid gid) : Json(gid.value) {}
    template <class T>
    Json(const std::optional<T>& value) : text(value ? Json(*value).text : "null") {}
    template <class T>
    Json(const std::vector<T>& values) : text("[") {
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) text += ',';
            text += Json(values[i]).text;
        }
        text += ']';
    }
    /// An object; members that are null, false or an empty list are left out.
    Json(const std::vector<std::pair<std::string_view, Json>>& members) : text("{") {
        for (const auto& [name, value] : members) {
            if (value.text == "null" || value.text == "false" || value.text == "[]") continue;
            if (text.size() > 1) text += ',';
            text += concat(quoted(name), ":", value.text);
        }
        text += '}';
    }
};

using JsonObject = std::vector<std::pair<std::string_view, Json>>;

}  // namespace cleat::plan
