// Room: conformance. The tables of cases, a file for each subject.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "case.hpp"

namespace cleat::conformance {

inline constexpr Level kMust = Level::Must;
inline constexpr Level kShould = Level::Should;

/// What of a case is text. Its level goes before it.
inline constexpr const char* Case::* kTexts[] = {
    &Case::id, &Case::title, &Case::clause, &Case::needs, &Case::patch, &Case::acts, &Case::script};
/// In place of what the case before has, too.
inline constexpr std::string_view kSame = "=";

/// Gives each byte of the packed form of cases to `put`: as one text they have no pointers, which
/// the loader would have to relocate whenever cleat is run, for whatever.
constexpr void pack(std::span<const Case> cases, auto put) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
        put(cases[i].level == Level::Must ? 'M' : 'S');
        for (const auto member : kTexts) {
            const std::string_view own = cases[i].*member;
            const bool same = i > 0 && !own.empty() && own == cases[i - 1].*member;
            for (const char c : same ? kSame : own) put(c);
            put('\0');
        }
    }
}

/// The other way; `text` is as long as it needs to be.
void unpack(const char* text, std::span<Case> cases) noexcept;

template <const auto& kCases>
[[nodiscard]] std::span<const Case> cases_of() noexcept {
    static constexpr auto kText = [] {
        constexpr std::size_t kSize = [] {
            std::size_t size = 0;
            pack(kCases, [&](char) { ++size; });
            return size;
        }();
        std::array<char, kSize> text{};
        pack(kCases, [&, at = std::size_t{0}](char c) mutable { text[at++] = c; });
        return text;
    }();
    static std::array<Case, std::size(kCases)> all;
    unpack(kText.data(), all);
    return all;
}

[[nodiscard]] std::span<const Case> lifecycle_cases() noexcept;
[[nodiscard]] std::span<const Case> process_cases() noexcept;
[[nodiscard]] std::span<const Case> mounts_cases() noexcept;
[[nodiscard]] std::span<const Case> namespaces_cases() noexcept;
[[nodiscard]] std::span<const Case> linux_cases() noexcept;
[[nodiscard]] std::span<const Case> seccomp_cases() noexcept;
[[nodiscard]] std::span<const Case> hooks_cases() noexcept;
[[nodiscard]] std::span<const Case> cgroups_cases() noexcept;
[[nodiscard]] std::span<const Case> features_cases() noexcept;
[[nodiscard]] std::span<const Case> engine_cases() noexcept;
[[nodiscard]] std::span<const Case> security_cases() noexcept;
[[nodiscard]] std::span<const Case> faults_cases() noexcept;

}  // namespace cleat::conformance
