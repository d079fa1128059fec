// Room: base. Protocol buffers, read and written.
#include "cleat/base/protobuf.hpp"

#include <bit>

namespace cleat::protobuf {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLength = 2;
constexpr std::uint32_t kFixed32 = 5;
constexpr unsigned kGroup = 7;  // the bits of a varint in each byte
constexpr unsigned char kMore = 0x80;
constexpr unsigned kByte = 8;

}  // namespace

bool Reader::varint(std::uint64_t& value) noexcept {
    constexpr unsigned kBits = 64;
    value = 0;
    for (unsigned shift = 0; shift < kBits && !rest_.empty(); shift += kGroup) {
        const auto byte = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & (kMore - 1U)) << shift;
        if ((byte & kMore) == 0) return true;
    }
    return false;
}

/// Little endian, whatever the machine.
bool Reader::fixed(std::size_t size) noexcept {
    if (rest_.size() < size) return false;
    for (std::size_t i = size; i-- > 0;)
        number_ = number_ << kByte | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return true;
}

bool Reader::value(std::uint64_t wire_type) noexcept {
    constexpr std::size_t kSize64 = 8;
    constexpr std::size_t kSize32 = 4;
    if (wire_type == kVarint) return varint(number_);
    if (wire_type == kFixed64) return fixed(kSize64);
    if (wire_type == kFixed32) return fixed(kSize32);
    std::uint64_t length = 0;
    if (wire_type != kLength || !varint(length) || length > rest_.size()) return false;
    bytes_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
}

bool Reader::next() noexcept {
    number_ = 0;
    bytes_ = {};
    field_ = 0;
    if (damaged_ || rest_.empty()) return false;
    constexpr unsigned kTypeBits = 3;
    constexpr std::uint64_t kLastField = (1U << 29U) - 1;
    std::uint64_t key = 0;
    damaged_ = !varint(key) || key >> kTypeBits == 0 || key >> kTypeBits > kLastField ||
               !value(key & ((1U << kTypeBits) - 1));
    if (!damaged_) field_ = static_cast<std::uint32_t>(key >> kTypeBits);
    return !damaged_;
}

void Writer::varint(std::uint64_t value) {
    for (; value >= kMore; value >>= kGroup)
        bytes_ += static_cast<char>(static_cast<unsigned char>(value) | kMore);
    bytes_ += static_cast<char>(value);
}

Writer& Writer::number(std::uint32_t field, std::uint64_t value) {
    return value == 0 ? *this : any_number(field, value);
}

Writer& Writer::any_number(std::uint32_t field, std::uint64_t value) {
    key(field, kVarint);
    varint(value);
    return *this;
}

Writer& Writer::text(std::uint32_t field, std::string_view value) {
    return value.empty() ? *this : message(field, value);
}

Writer& Writer::message(std::uint32_t field, std::string_view encoded) {
    key(field, kLength);
    varint(encoded.size());
    bytes_ += encoded;
    return *this;
}

Writer& Writer::packed(std::uint32_t field, const std::vector<std::uint64_t>& values) {
    Writer inner;
    for (const auto value : values) inner.varint(value);
    return text(field, inner.bytes_);
}

Writer& Writer::real(std::uint32_t field, double value) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    if (bits == 0) return *this;
    key(field, kFixed64);
    for (std::size_t i = 0; i < sizeof bits; ++i, bits >>= kByte) bytes_ += static_cast<char>(bits);
    return *this;
}

}  // namespace cleat::protobuf
